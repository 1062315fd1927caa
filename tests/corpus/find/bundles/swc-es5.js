!function(){var e="{{pair-base62.id}}",t="{{pair-base62.secret}}",n={apiKey:"".concat(e,":").concat(t)};window.krea=new Krea(n)}();
