<KreaCard key="{{other-hex}}" job={job} />
