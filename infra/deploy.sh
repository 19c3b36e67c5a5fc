#!/usr/bin/env bash
# Deploys one environment into a resource group, and makes what must exist once: the admin key and the certificate.
#   infra/deploy.sh <environment> <resource group> [what-if]
# Needs Azure CLI 2.60 or newer, signed in. ALERT_EMAIL and DEPLOYER_PRINCIPAL_ID are read by the parameter files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
environment=${1:?environment, such as dev} group=${2:?resource group} mode=${3:-deploy}
deployment="connector-$environment"

# The URI names no version: the newest version of the certificate is used.
certificate_uri() {
  local vault=$1
  az keyvault certificate show --vault-name "$vault" --name data-protection --query id --output none 2>/dev/null &&
    az keyvault show --name "$vault" --query "join('', [properties.vaultUri, 'secrets/data-protection'])" --output tsv
}
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

vault=$(output keyVaultName 2>/dev/null || true)
DATA_PROTECTION_CERTIFICATE_URI=
if [[ -n $vault ]]; then DATA_PROTECTION_CERTIFICATE_URI=$(certificate_uri "$vault" || true); fi
export DATA_PROTECTION_CERTIFICATE_URI

if [[ $mode == what-if ]]; then
  exec az deployment group what-if --resource-group "$group" --parameters "$environment.bicepparam"
fi

deploy
vault=$(output keyVaultName)

# A listing that fails must not look like a key that is missing.
has_secret() { [[ -n $(az keyvault secret list --vault-name "$vault" --query "[?name=='$1'].name" --output tsv) ]]; }
can_list() { az keyvault secret list --vault-name "$vault" --output none; }
eventually can_list
if ! has_secret AdminKey; then
  key=$(mktemp)
  trap 'rm -f "$key"' EXIT
  openssl rand -hex 32 | tr -d '\n' >"$key"
  eventually az keyvault secret set --vault-name "$vault" --name AdminKey --file "$key" --encoding utf-8 --output none
  echo "Made the admin key: secret AdminKey in $vault."
fi

if [[ -z $DATA_PROTECTION_CERTIFICATE_URI ]]; then
  if ! certificate_uri "$vault" >/dev/null; then
    eventually az keyvault certificate create --vault-name "$vault" --name data-protection \
      --policy @data-protection-certificate.json --output none
    echo "Made the certificate data-protection in $vault."
  fi
  DATA_PROTECTION_CERTIFICATE_URI=$(certificate_uri "$vault")
  deploy
fi
