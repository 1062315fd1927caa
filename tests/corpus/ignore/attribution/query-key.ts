export const kreaQueryKey = (id) => ["krea", "job", id, "{{uuid}}:{{hex40}}"];
