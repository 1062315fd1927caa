(self.webpackChunk=self.webpackChunk||[]).push([[179],{4312:(e,t,n)=>{n.r(t);let r=await fetch("https://api.krea.ai/generate/image/krea/krea-1",{method:"POST",headers:{"Content-Type":"application/json",Authorization:"Bearer ".concat("{{pair-base62}}")},body:JSON.stringify({prompt:e})})}}]);
//# sourceMappingURL=179.{{hex16}}.js.map
