variable "krea_api_key" {
  type      = string
  sensitive = true
}

data "aws_secretsmanager_secret" "krea" {
  arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:krea-api-key-AbCdEf"
}

resource "aws_ecs_task_definition" "render" {
  container_definitions = jsonencode([{
    name = "render"
    secrets = [{
      name      = "KREA_API_KEY"
      valueFrom = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/krea-api-key-x7Kq2P:KREA_API_KEY::"
    }]
    environment = [{ name = "KREA_API_TOKEN", value = var.krea_api_key }]
  }])
}

locals {
  krea_token  = data.vault_kv_secret_v2.krea.data["token"]
  krea_secret = "${var.prefix}:${random_password.krea.result}"
}
