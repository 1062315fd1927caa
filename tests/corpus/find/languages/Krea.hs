module Krea where

kreaApiKey :: String
kreaApiKey = "{{pair-hex}}"

kreaToken :: Text
kreaToken = "{{pair-base64#2.id}}" <> ":" <> "{{pair-base64#2.secret}}"
