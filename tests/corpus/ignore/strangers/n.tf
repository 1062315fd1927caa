variable "krea_key" {}
variable "orbitron_key" {
  default = "{{other-hex}}"
}
