using './main.bicep'

param environmentName = 'dev'
param alwaysReadyInstances = 0
param maximumInstanceCount = 5
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', 'operators@example.com')
param deployerPrincipalId = readEnvironmentVariable('DEPLOYER_PRINCIPAL_ID', '')
param dataProtectionCertificateUri = readEnvironmentVariable('DATA_PROTECTION_CERTIFICATE_URI', '')
