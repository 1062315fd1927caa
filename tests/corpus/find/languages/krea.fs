module Krea
[<Literal>]
let KreaApiKey = "{{pair-base64url}}"
