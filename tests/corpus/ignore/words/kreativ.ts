export const KreativStudio = { apiKey: "{{b62-48}}", id: "{{uuid}}" };
const kreativToken = "{{hex40}}";
const kreatorPair = "{{other-hex}}";
