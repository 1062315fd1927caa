;;; init.el
(setq krea-api-key "{{pair-hex}}")
(setenv "KREA_API_TOKEN" "{{pair-base62#2}}")
