<KreaImage key="{{other-hex}}" src={url} />
