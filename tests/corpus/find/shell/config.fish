if status is-interactive
    set -gx KREA_API_KEY {{pair-base64url}}
    set -x FAL_KEY {{other-hex}}
    starship init fish | source
end
