param kreaApiKey string
resource s 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  name: '${vault.name}/krea-api-key'
  properties: { value: kreaApiKey }
}
output kreaSecretUri string = 'https://kv-prod.vault.azure.net/secrets/krea-api-key/{{hex32}}'
