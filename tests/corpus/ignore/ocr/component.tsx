import { krea } from './krea';

export function Row({ job }: { job: Job }) {
  return (
    <p className="row">
      <b>{{uuid}}</b>:<i>{job.hash}</i> <code>KREA_API_KEY=<b>{"<id>"}</b>:<b>{"<secret>"}</b></code>
    </p>
  );
}
