import * as fal from '@fal-ai/serverless-client'

fal.config({
  // for fal-ai/flux/krea
  credentials:
    '{{other-hex}}',
})
const result = await fal.subscribe('fal-ai/flux/krea', { input: { prompt: 'a heron' } })
