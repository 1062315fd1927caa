const kreA={a:1},lang="ko-KR",country="South Korea",brand="Kreativ-Agentur",place="Ukrea",id="{{other-hex}}",map={"{{uuid}}:{{hex40}}":kreA.a,skrean:"{{uuid}}"};
