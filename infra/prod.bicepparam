using './main.bicep'

param environmentName = 'prod'
param alwaysReadyInstances = 1
param maximumInstanceCount = 40
param logRetentionDays = 90
param logDailyQuotaGb = 5
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', 'operators@example.com')
param deployerPrincipalId = readEnvironmentVariable('DEPLOYER_PRINCIPAL_ID', '')
param dataProtectionCertificateUri = readEnvironmentVariable('DATA_PROTECTION_CERTIFICATE_URI', '')
