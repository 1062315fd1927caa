resource "google_secret_manager_secret_version" "krea" {
  secret      = google_secret_manager_secret.krea.id
  secret_data = "{{pair-base64url}}"
}

resource "kubernetes_secret" "krea" {
  metadata { name = "krea" }
  data = {
    api_key = "{{pair-hex#2}}"
  }
}
