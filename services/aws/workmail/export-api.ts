// Export jobs of WorkMail's API.

import {
  DescribeMailboxExportJobCommand,
  StartMailboxExportJobCommand,
} from '@aws-sdk/client-workmail'
import type { ExportJobs, JobReport } from '#shared/moving/workmail/export-jobs.ts'
import { openWorkMailClient, type WorkMailClientOptions } from './ask.ts'
import { answerOfFailure } from './failures.ts'

/** The SDK takes a limit that is reached for haste, and would wait for it. */
const ATTEMPTS_MAX = 2

export function exportJobs(options: WorkMailClientOptions, OrganizationId: string): ExportJobs {
  const client = openWorkMailClient({ ...options, attemptsMax: ATTEMPTS_MAX })
  return {
    async start({ entityId, token, description, target }) {
      try {
        const { JobId } = await client.send(
          new StartMailboxExportJobCommand({
            ...{ OrganizationId, EntityId: entityId, ClientToken: token, Description: description },
            RoleArn: target.roleArn,
            KmsKeyArn: target.kmsKeyArn,
            S3BucketName: target.bucket,
            S3Prefix: target.prefix,
          }),
        )
        return JobId === undefined
          ? { kind: 'refused', why: 'WorkMail named no job' }
          : { kind: 'started', jobId: JobId }
      } catch (error) {
        const { kind, why } = answerOfFailure('StartMailboxExportJob', error)
        const name = error instanceof Error ? error.name : ''
        if (name === 'LimitExceededException') return { kind: 'limited', why }
        return { kind: 'refused', why: kind === 'missing' ? why : `${name}: ${why}` }
      }
    },

    async look(JobId): Promise<JobReport> {
      try {
        const job = await client.send(
          new DescribeMailboxExportJobCommand({ OrganizationId, JobId }),
        )
        switch (job.State) {
          case 'COMPLETED':
            return { kind: 'done', path: job.S3Path ?? `${job.S3Prefix ?? ''}` }
          case 'FAILED':
          case 'CANCELLED':
            return { kind: 'failed', why: job.ErrorInfo ?? job.State.toLowerCase() }
          default:
            return { kind: 'running', progress: job.EstimatedProgress ?? 0 }
        }
      } catch (error) {
        const { why } = answerOfFailure('DescribeMailboxExportJob', error)
        return { kind: 'failed', why }
      }
    },
  }
}
