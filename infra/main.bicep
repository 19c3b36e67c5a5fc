// The 8x8 connector in one resource group. No secret passes through here: the admin key and the certificate are made in
// Key Vault by deploy.sh, once, and everything else signs in with one managed identity.
targetScope = 'resourceGroup'

@description('Where everything goes. It must be a region that offers Flex Consumption.')
param location string = resourceGroup().location

@description('Part of every name; lower-case letters and digits.')
@minLength(3)
@maxLength(8)
param environmentName string

@description('''
Instances that are kept warm for HTTP and as many for the queue function ProcessConversation. With 0 the first event
after a quiet time waits for a cold start.
Cost, an estimate at the list price of one region (USD 0.000004 per GB-second; check it for yours): instances x 0.5 GB
x 2,628,000 seconds a month x price = about USD 5 a month for each, so about USD 10 for one HTTP and one queue instance.
Time spent in executions is billed on top, and always-ready instances have no free grant.
''')
@minValue(0)
@maxValue(20)
param alwaysReadyInstances int

@description('The most instances that each kind of function may scale to. It bounds the bill and the load on 8x8.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int

@description('Memory of one instance.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 512

@description('Who is told when an alert fires.')
param alertEmail string

@description('How long logs, traces and metrics are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Stops taking telemetry for the day at this volume, so that a flood cannot run up a bill. -1: no limit.')
param logDailyQuotaGb int = 1

@description('Object id of the service principal that deploys: it may make the admin key and the certificate. Empty: nobody may.')
param deployerPrincipalId string = ''

@description('Secret URI of the certificate that wraps the Data Protection key ring. Empty until the certificate exists.')
param dataProtectionCertificateUri string = ''

@description('Whether Connector:AdminKeyNext is read from the vault (secret AdminKeyNext), while the key is being rotated.')
param rotatingAdminKey bool = false

@description('What Endpoint URLs start with, such as https://bot.example.com. Empty: the host name of the Function App.')
param publicBaseUrl string = ''

@description('Hosts that an Endpoint may call as its 8x8 base URL; comma-separated.')
param allowedGatewayHosts string = '*.8x8.com'

var suffix = uniqueString(resourceGroup().id, environmentName)
var tags = { product: '8x8 connector', environment: environmentName }

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-8x8-${environmentName}'
  location: location
  tags: tags
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: take('st8x8${environmentName}${suffix}', 24)
    location: location
    tags: tags
    principalId: identity.properties.principalId
  }
}

module keyVault 'modules/keyvault.bicep' = {
  name: 'keyvault'
  params: {
    name: 'kv${take(suffix, 9)}${environmentName}'
    location: location
    tags: tags
    principalId: identity.properties.principalId
    deployerPrincipalId: deployerPrincipalId
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    principalId: identity.properties.principalId
    retentionDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    email: alertEmail
  }
}

module functionApp 'modules/functionapp.bicep' = {
  name: 'functionapp'
  params: {
    name: 'func-8x8-${environmentName}-${suffix}'
    location: location
    tags: tags
    identityId: identity.id
    identityClientId: identity.properties.clientId
    storageAccountName: storage.outputs.accountName
    deploymentContainerUri: storage.outputs.deploymentContainerUri
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    alwaysReadyInstances: alwaysReadyInstances
    maximumInstanceCount: maximumInstanceCount
    instanceMemoryMB: instanceMemoryMB
    connectorSettings: union(
      {
        Connector__AdminKey: '@Microsoft.KeyVault(SecretUri=${keyVault.outputs.vaultUri}secrets/AdminKey)'
        Connector__AllowedGatewayHosts: allowedGatewayHosts
      },
      rotatingAdminKey
        ? { Connector__AdminKeyNext: '@Microsoft.KeyVault(SecretUri=${keyVault.outputs.vaultUri}secrets/AdminKeyNext)' }
        : {},
      empty(publicBaseUrl) ? {} : { Connector__PublicBaseUrl: publicBaseUrl },
      empty(dataProtectionCertificateUri)
        ? {}
        : { Connector__DataProtection__CertificateUri: dataProtectionCertificateUri }
    )
  }
}

output functionAppName string = functionApp.outputs.name
output functionAppUrl string = functionApp.outputs.url
output keyVaultName string = keyVault.outputs.name
