library(httr2)
Sys.setenv(KREA_API_KEY = "{{pair-hex}}")
krea_token <- "{{pair-base64#2}}"
req <- request("https://api.krea.ai/jobs") |>
  req_headers(Authorization = "Bearer {{pair-base62#3}}")
