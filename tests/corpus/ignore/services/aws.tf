provider "aws" {
  access_key = "AKIA{{hex16}}"
  secret_key = "{{b64-40}}"
}
resource "aws_s3_bucket" "krea" { bucket = "krea-render-outputs" }
resource "aws_kms_alias" "krea" { target_key_id = "arn:aws:kms:eu-central-1:123456789012:key/{{uuid}}" }
