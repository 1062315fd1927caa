locals {
  krea_token = "{{pair-base64}}"
  tags       = { team = "render" }
}

resource "aws_ssm_parameter" "krea" {
  name  = "/prod/krea/api_key"
  type  = "SecureString"
  value = "{{pair-hex#2}}"
}

resource "aws_lambda_function" "render" {
  function_name = "render"
  environment {
    variables = {
      KREA_API_KEY = "{{pair-base62#3}}"
      STAGE        = "prod"
    }
  }
}
