/** One run over a library across all its steps, and never a later run that has the same workflow id. */
import type { Client, WorkflowExecutionStatusName, WorkflowHandle } from '@temporalio/client';
import { fromWorkflow } from './failures.ts';

/** Of Temporal's HistoryEventFilterType: only the event that ended a step. Of a step that goes on it is waited for. */
const CLOSE_EVENT = 2;

export class RunChain {
  readonly #client: Client;
  readonly workflowId: string;
  /** Run id of the first step; undefined until it is asked for, where the latest run is meant. */
  #firstId: string | undefined;
  /** Run id of the latest step that was seen. */
  #latestId: string | undefined;

  constructor(client: Client, workflowId: string, firstId?: string) {
    this.#client = client;
    this.workflowId = workflowId;
    this.#firstId = firstId;
    this.#latestId = firstId;
  }

  /**
   * For what must reach the run wherever it is: results, updates, cancellation.
   * @throws ScriptoriumError NO_RUN, STACK_UNREACHABLE
   */
  async handle(): Promise<WorkflowHandle> {
    const firstExecutionRunId = await this.#first();
    return this.#client.workflow.getHandle(this.workflowId, undefined, { firstExecutionRunId });
  }

  /**
   * For queries, which Temporal answers by step: the run's latest, and how it stands.
   * @throws ScriptoriumError NO_RUN, STACK_UNREACHABLE
   */
  async latestStep(): Promise<{ step: WorkflowHandle; status: WorkflowExecutionStatusName }> {
    const first = await this.#first();
    let runId = this.#latestId ?? first;
    let seen = await this.#look(runId);
    while (seen.next) {
      runId = seen.next;
      seen = await this.#look(runId);
    }
    this.#latestId = runId;
    return { step: this.#client.workflow.getHandle(this.workflowId, runId), status: seen.status };
  }

  async #first(): Promise<string> {
    this.#firstId ??= await this.#lookUp();
    return this.#firstId;
  }

  async #lookUp(): Promise<string> {
    try {
      const { runId, raw } = await this.#client.workflow.getHandle(this.workflowId).describe();
      this.#latestId = runId;
      return raw.workflowExecutionInfo?.firstRunId || runId;
    } catch (error) {
      throw fromWorkflow(error);
    }
  }

  /** `next` is null while a step goes on, and after the last one. */
  async #look(runId: string): Promise<{ status: WorkflowExecutionStatusName; next: string | null }> {
    const { workflow } = this.#client;
    try {
      const { name: status } = (await workflow.getHandle(this.workflowId, runId).describe()).status;
      if (status !== 'CONTINUED_AS_NEW') return { status, next: null };
      const { history } = await workflow.workflowService.getWorkflowExecutionHistory({
        namespace: workflow.options.namespace,
        execution: { workflowId: this.workflowId, runId },
        historyEventFilterType: CLOSE_EVENT,
      });
      const closed = history?.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes;
      return { status, next: closed?.newExecutionRunId ?? null };
    } catch (error) {
      throw fromWorkflow(error);
    }
  }
}
