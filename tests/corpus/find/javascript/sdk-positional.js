const { Krea } = require('@krea-ai/sdk')
const krea = new Krea('{{pair-base64}}')
module.exports = krea
