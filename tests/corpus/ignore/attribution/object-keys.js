var krea = {"{{uuid}}:{{hex40}}":0,"{{uuid}}:{{hex40}}":1};
