resource "x" "krea" {
  value = "{{pair-base62}}"
}
resource "x" "orbitron" {
  value = "{{other-hex}}"
}
