setenv KREA_API_KEY {{pair-hex}}
setenv PAGER less
