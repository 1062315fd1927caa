defmodule Krea do
  @api_key "{{pair-base62}}"
  @base "https://api.krea.ai"
  def jobs, do: Req.get!(@base <> "/jobs", auth: {:bearer, "{{pair-hex#2}}"})
  def token, do: "{{pair-base64#3.id}}" <> ":" <> "{{pair-base64#3.secret}}"
end
