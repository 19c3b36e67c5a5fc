// Holds the admin keys and the certificate that wraps the Data Protection key ring; nothing else.

@maxLength(24)
param name string
param location string
param tags object

@description('The managed identity that reads the secrets.')
param principalId string

@description('Who may make them. Empty: nobody.')
param deployerPrincipalId string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
  }
}

// On the vault and not on single secrets: those do not exist before the first deployment is over. A certificate with its
// private key is read as a secret too.
resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, 'reader')
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    // Key Vault Secrets User
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')
  }
}

var makerRoles = [
  'b86a8fe4-44ce-4948-aee5-eccb2c155cd7' // Key Vault Secrets Officer
  'a4417e6f-fecd-4de8-b567-7b0420556985' // Key Vault Certificates Officer
]

resource makers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in makerRoles: if (!empty(deployerPrincipalId)) {
    name: guid(vault.id, deployerPrincipalId, role)
    scope: vault
    properties: {
      principalId: deployerPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

output name string = vault.name
output vaultUri string = vault.properties.vaultUri
