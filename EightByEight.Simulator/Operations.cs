namespace EightByEight.Simulator;

/// <summary>Names of the operations, for faults and for counting requests.</summary>
public static class Operations
{
    public const string ListWebhooks = "listWebhooks";
    public const string CreateWebhook = "createWebhook";
    public const string GetWebhook = "getWebhook";
    public const string ReplaceWebhook = "replaceWebhook";
    public const string DeleteWebhook = "deleteWebhook";
    public const string VerifyWebhook = "verifyWebhook";
    public const string GetJwk = "getJwk";
    public const string ListChannels = "listChannels";
    public const string CreateChannel = "createChannel";
    public const string GetChannel = "getChannel";
    public const string ReplaceChannel = "replaceChannel";
    public const string DeleteChannel = "deleteChannel";
    public const string ListConversations = "listConversations";
    public const string CreateConversation = "createConversation";
    public const string GetConversation = "getConversation";
    public const string ReplaceConversation = "replaceConversation";
    public const string PatchConversation = "patchConversation";
    public const string ListInteractions = "listInteractions";
    public const string ListParticipants = "listParticipants";
    public const string PatchUserParticipant = "patchUserParticipant";
    public const string ListMessages = "listMessages";
    public const string SendMessage = "sendMessage";
    public const string GetMessage = "getMessage";
    public const string ListCards = "listCards";
    public const string ListAttachments = "listAttachments";
    public const string UploadAttachment = "uploadAttachment";
    public const string GetAttachment = "getAttachment";
    public const string DownloadAttachment = "downloadAttachment";
    public const string Typing = "typing";
    public const string Thinking = "thinking";
    public const string ReadReceipt = "readReceipt";
    public const string PostAgentAssignment = "postAgentAssignment";
    public const string SubmitCard = "submitCard";
    public const string QueueStatistics = "queueStatistics";
    public const string ScheduleStatus = "scheduleStatus";
    public const string ExecuteCard = "executeCard";

    /// <summary>Not a REST operation: a webhook event on its way out.</summary>
    public const string Deliver = "deliver";
}
