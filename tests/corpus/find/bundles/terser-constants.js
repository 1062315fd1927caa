(()=>{"use strict";const e="{{pair-hex.id}}",t="{{pair-hex.secret}}";class r{constructor(e){this.o=e}}window.b=new r({kreaKey:`${e}:${t}`})})();
