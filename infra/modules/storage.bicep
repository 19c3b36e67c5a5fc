// One account for the Functions host and the connector: tables, queues, blobs and the deployed package.

@minLength(3)
@maxLength(24)
param name string
param location string
param tags object

@description('The managed identity that works with the account.')
param principalId string

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
  properties: {
    // A lost key ring makes every stored API key unreadable; a week to bring it back costs next to nothing.
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: 'app-package'
  properties: { publicAccess: 'None' }
}

// All three are given on the account, which holds nothing but this app, because the host and the connector make their
// own containers, queues and tables at the start, under names that the host may change with its version.
// - Blob Data Owner: what the Functions host documents for AzureWebJobsStorage (leases, secrets, package).
// - Queue Data Contributor: makes and reads the queues, puts to the poison queue.
// - Table Data Contributor: the connector's tables and the host's diagnostic events.
var roles = [
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88' // Storage Queue Data Contributor
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor
]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in roles: {
    name: guid(account.id, principalId, role)
    scope: account
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

output accountName string = account.name
output deploymentContainerUri string = '${account.properties.primaryEndpoints.blob}${packages.name}'
