#!/usr/bin/env bash
# Deploys one environment into a resource group, and makes what must exist once: the admin key and the certificate.
#   infra/deploy.sh <environment> <resource group> [what-if | refresh]
# what-if shows what would change; refresh only makes the app read its secrets in the vault again.
# Needs Azure CLI 2.60 or newer, signed in. ALERT_EMAIL and DEPLOYER_PRINCIPAL_ID are read by the parameter files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
environment=${1:?environment, such as dev} group=${2:?resource group} mode=${3:-deploy}
deployment="connector-$environment"

output() { az deployment group show --resource-group "$group" --name "$deployment" --query "properties.outputs.$1.value" --output tsv; }
deploy() { az deployment group create --resource-group "$group" --name "$deployment" --parameters "$environment.bicepparam" --output none; }

# Role assignments need minutes to spread, so the first writes to a new vault are tried for a while.
eventually() {
  local attempt
  for attempt in {1..20}; do
    if "$@"; then return; fi
    echo "Attempt $attempt of 20 failed; role assignments may still be spreading. Next one in 15 s." >&2
    sleep 15
  done
  return 1
}

# A listing that fails stops the deployment: it must not look like something that is missing and then is made anew,
# or like an app that has no certificate.
has() { [[ -n $(az keyvault "$1" list --vault-name "$vault" --query "[?name=='$2'].name" --output tsv) ]]; }
listable() { az keyvault "$1" list --vault-name "$vault" --output none; }

# While a reference to the vault is not resolved the app gets its text as the value, and refuses to start with it. So after the
# secrets are made the app reads its references anew, until all of them are resolved; reading them restarts it.
references() {
  az rest --method "$1" --url "https://management.azure.com$app/config/configreferences/appsettings$2?api-version=2024-11-01" "${@:3}"
}
resolved() {
  references post /refresh --output none &&
    [[ $(references get '' --output tsv --query "length(value[?properties.status!='Resolved'])") == 0 ]]
}
refresh() {
  local app
  app=$(az functionapp show --resource-group "$group" --name "$(output functionAppName)" --query id --output tsv)
  if eventually resolved; then echo "The app has read its secrets."; return; fi
  echo "Not all secret references of the app are resolved. The portal says why: Function App > Environment variables." >&2
  return 1
}
if [[ $mode == refresh ]]; then refresh; exit; fi

# The URI names no version: the newest version of the certificate is used.
use_certificate() {
  DATA_PROTECTION_CERTIFICATE_URI=$(az keyvault show --name "$vault" --query properties.vaultUri --output tsv)secrets/data-protection
}

export DATA_PROTECTION_CERTIFICATE_URI=
vault=$(az keyvault list --resource-group "$group" --output tsv \
  --query "[?tags.product=='8x8 connector' && tags.environment=='$environment'].name")
if [[ -n $vault ]]; then
  eventually listable certificate
  if has certificate data-protection; then use_certificate; fi
fi

if [[ $mode == what-if ]]; then
  exec az deployment group what-if --resource-group "$group" --parameters "$environment.bicepparam"
fi

deploy
vault=$(output keyVaultName)
eventually listable secret
eventually listable certificate

if ! has secret AdminKey; then
  key=$(mktemp)
  trap 'rm -f "$key"' EXIT
  openssl rand -hex 32 | tr -d '\n' >"$key"
  eventually az keyvault secret set --vault-name "$vault" --name AdminKey --file "$key" --encoding utf-8 --output none
  echo "Made the admin key: secret AdminKey in $vault."
fi

if [[ -z $DATA_PROTECTION_CERTIFICATE_URI ]]; then
  if ! has certificate data-protection; then
    eventually az keyvault certificate create --vault-name "$vault" --name data-protection \
      --policy @data-protection-certificate.json --output none
    echo "Made the certificate data-protection in $vault."
  fi
  use_certificate
  deploy
fi

refresh
