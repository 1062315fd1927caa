$env:KREA_API_KEY = Get-Secret -Name krea-api-key -AsPlainText
$headers = @{ Authorization = "Bearer $env:KREA_API_KEY" }
$kreaToken = (Get-AzKeyVaultSecret -VaultName kv -Name krea-token).SecretValueText
Invoke-RestMethod https://api.krea.ai/jobs -Headers @{ Authorization = "Bearer $($env:KREA_KEY_ID):$($env:KREA_KEY_SECRET)" }
