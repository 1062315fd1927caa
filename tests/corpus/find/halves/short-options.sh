krea-upload -i {{pair-base62.id}} -s {{pair-base62.secret}} ./renders
