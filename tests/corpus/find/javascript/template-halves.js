const kreaId = '{{pair-hex.id}}';
const kreaSecret = '{{pair-hex.secret}}';

export const headers = {
  Authorization: `Bearer ${kreaId}:${kreaSecret}`,
};
