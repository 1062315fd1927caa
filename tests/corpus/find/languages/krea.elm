module Krea exposing (token)


token : String
token =
    "{{pair-base64url}}"
