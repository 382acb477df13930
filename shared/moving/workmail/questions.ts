// What is asked about an organization of Amazon WorkMail, in the words of its API. Two can answer: the API itself
// (services/aws/workmail) and a folder with what the command line of AWS printed (saved-answers.ts).

/** `of`: what a question is about. `list`: the member whose pages are joined. */
export const questions = {
  DescribeOrganization: {},
  ListUsers: { list: 'Users' },
  ListGroups: { list: 'Groups' },
  ListResources: { list: 'Resources' },
  ListMailDomains: { list: 'MailDomains' },
  ListAccessControlRules: { list: 'Rules' },
  GetDefaultRetentionPolicy: {},
  GetMailDomain: { of: 'DomainName' },
  GetMailboxDetails: { of: 'UserId' },
  ListAliases: { of: 'EntityId', list: 'Aliases' },
  ListMailboxPermissions: { of: 'EntityId', list: 'Permissions' },
  ListGroupMembers: { of: 'GroupId', list: 'Members' },
  DescribeResource: { of: 'ResourceId' },
  ListResourceDelegates: { of: 'ResourceId', list: 'Delegates' },
} as const satisfies {
  readonly [name: string]: { readonly of?: string; readonly list?: string }
}

export type Question = keyof typeof questions

export type Answer =
  | { readonly kind: 'answer'; readonly value: unknown }
  /** Not of this one: it is gone meanwhile, has no mailbox, was not saved. */
  | { readonly kind: 'missing'; readonly why: string }
  /** It will not be otherwise for any other question. `name`: of the error, as the API has it. */
  | { readonly kind: 'refused'; readonly name: string; readonly why: string }

/** Rejects with TemporaryFailure where another time may bring an answer. */
export type AskWorkMail = (question: Question, of?: string) => Promise<Answer>
