variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "krea_api_key" {
  description = "Token of the render workspace"
  type        = string
  sensitive   = true
  default     = "{{pair-hex}}"
}
