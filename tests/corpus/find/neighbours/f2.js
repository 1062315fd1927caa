import { createClient } from './client';
const krea = createClient({ token: '{{pair-base62}}' });
const orb = createClient({ token: '{{other-hex}}' });
