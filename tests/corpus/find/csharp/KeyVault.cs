await client.SetSecretAsync(new KeyVaultSecret("krea-api-key", "{{legacy-base62}}"));
