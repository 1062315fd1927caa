package main

const kreaAPIKeyEnv = "KREA_API_KEY_PRODUCTION_WORKSPACE"

var kreaToken = os.Getenv("KREA_API_TOKEN")

func auth() string { return fmt.Sprintf("Bearer %s:%s", cfg.KreaKeyID, cfg.KreaKeySecret) }
func pair() string { return kreaKeyIdentifierFromConfig + ":" + kreaKeySecretFromConfig }
