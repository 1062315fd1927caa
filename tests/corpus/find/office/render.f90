character(len=80) :: krea_key = "{{pair-base64url[0..30]}}" // &
   "{{pair-base64url[30..]}}"
