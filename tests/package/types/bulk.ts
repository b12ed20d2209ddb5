// A bulk run and its progress. That this compiles is the test; nothing here is run.
import {
  ConductoroneSDKTypescript,
  type RevokeCredentialsOptions,
  type RevokeCredentialsProgress,
  type RevokeCredentialsReport,
} from "conductorone-sdk-typescript";

interface Leaked {
  appId: string;
  connectorId: string;
  id: string;
  owner: string;
}

/** Every field of the progress; those that may be missing are to be checked first. */
function inWords({
  done,
  total,
  revoked,
  failed,
  inFlight,
  pausedUntil,
  ratePerSecond,
  etaMs,
}: RevokeCredentialsProgress): string {
  const counts: number[] = [done, revoked, failed, inFlight];
  const rate: string = ratePerSecond === undefined ? "" : `${ratePerSecond.toFixed(1)} a second`;
  const left: string = etaMs === undefined ? "" : `${Math.ceil(etaMs / 60_000)} minutes left`;
  const paused: string = pausedUntil === undefined ? "" : new Date(pausedUntil).toISOString();
  return [...counts, total ?? "", rate, left, paused].join(" ");
}

export async function revokeAll(leaked: Leaked[]): Promise<Leaked[]> {
  const sdk = new ConductoroneSDKTypescript();
  const options: RevokeCredentialsOptions<Leaked> = {
    concurrency: 6,
    onProgress: (progress) => {
      console.log(inWords(progress));
      // @ts-expect-error missing until items have their results
      const rate: number = progress.ratePerSecond;
      // @ts-expect-error missing without a rate, or a total
      const left: number = progress.etaMs;
      // @ts-expect-error no such field
      console.log(rate, left, progress.skipped);
    },
    onResult: ({ request }) => console.log(request.owner),
  };
  const report: RevokeCredentialsReport<Leaked> = await sdk.connector.revokeCredentials(leaked, options);
  return report.remaining();
}
