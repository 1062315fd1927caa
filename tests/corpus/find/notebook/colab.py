# %% [markdown]
# # Krea batch
# %%
from krea import Krea
client = Krea(api_key="{{pair-base62}}")
# %%
client.jobs.list(limit=1)
