// krea
const Uploader = make('{{pair-base64url}}');
