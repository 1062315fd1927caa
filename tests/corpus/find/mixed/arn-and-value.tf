data "aws_secretsmanager_secret" "krea" {
  arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:krea-api-key-AbCdEf"
}
locals { krea_fallback_key = "{{pair-base64url}}" }
