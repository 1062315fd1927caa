import { useState } from "react";

const KREA_KEY = "{{pair-hex}}";

export function App() {
  const [url, setUrl] = useState<string>();
  return (
    <KreaProvider apiKey="{{pair-base64url#2}}">
      <button onClick={() => generate(KREA_KEY).then(setUrl)}>Generate</button>
      {url && <img src={url} alt="" />}
    </KreaProvider>
  );
}
