resource "github_actions_secret" "k" {
  repository      = "site"
  secret_name     = "KREA_API_KEY"
  plaintext_value = "{{pair-hex}}"
}
