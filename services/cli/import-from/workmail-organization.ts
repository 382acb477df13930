// Which organization of WorkMail is meant: by its API, or by a folder with what the command line of AWS printed.

import type { Command } from 'commander'
import type { Organization } from '#shared/moving/workmail/organization.ts'
import type { AskWorkMail } from '#shared/moving/workmail/questions.ts'
import { readOrganization } from '#shared/moving/workmail/read-organization.ts'
import { answersIn } from '#shared/moving/workmail/saved-answers.ts'
import type { Process } from '../command-context.ts'
import { CommandFailure } from '../failure.ts'
import { loadAws } from './load-aws.ts'

export type OrganizationOptions = {
  readonly organization?: string
  readonly region?: string
  readonly from?: string
}

export const workMailRegions = ['us-east-1', 'us-west-2', 'eu-west-1'] as const

export const withOrganizationOptions = (command: Command) =>
  command
    .option(
      '--organization <id>',
      'asks the API about this organization (m-…), with your AWS login',
    )
    .option('--region <region>', `where it is: ${workMailRegions.join(', ')}`)
    .option('--from <dir>', 'reads what `aws workmail` printed, see moving-workmail.md')

export async function organizationOf(
  options: OrganizationOptions,
  process: Process,
): Promise<Organization> {
  const read = await readOrganization(await askOf(options, process))
  if (read.kind === 'organization') return read.organization
  throw new CommandFailure(`${read.question}: ${read.name}: ${read.why}`, 'unavailable')
}

async function askOf(options: OrganizationOptions, process: Process): Promise<AskWorkMail> {
  const { organization, from } = options
  if ((organization === undefined) === (from === undefined)) {
    throw new CommandFailure('give --organization with --region, or --from', 'usage')
  }
  if (from !== undefined) return answersIn(from)
  const { id, client } = apiOf(options, process)
  const { askWorkMail, openWorkMailClient } = await loadAws(
    () => import('#services/aws/workmail/ask.ts'),
  )
  return askWorkMail(openWorkMailClient(client), id)
}

export function apiOf({ organization, region }: OrganizationOptions, process: Process) {
  if (organization === undefined || !/^m-[0-9a-f]{32}$/.test(organization)) {
    throw new CommandFailure('--organization is m- and 32 digits of 0-9 and a-f', 'usage')
  }
  if (!workMailRegions.some((one) => one === region) || region === undefined) {
    throw new CommandFailure(`--region is one of ${workMailRegions.join(', ')}`, 'usage')
  }
  const client = { region, ...awsOptions(process, 'WORKMAIL') }
  return { id: organization, region, client }
}

/** As the SDK has them from the environment; without, its own chain finds profile and role. */
export function awsOptions({ environment }: Pick<Process, 'environment'>, service: string) {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment
  const { AWS_SESSION_TOKEN: sessionToken } = environment
  const endpoint = environment[`AWS_ENDPOINT_URL_${service}`] ?? environment.AWS_ENDPOINT_URL
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(accessKeyId &&
      secretAccessKey && {
        credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
      }),
  }
}
