using System.Text.Json;

namespace EightByEight.Simulator;

/// <content>What customers, bots and agents do.</content>
public sealed partial class ChatGatewaySimulator
{
    /// <summary>A customer opens a conversation on a channel of 8x8; the script hands it to the webhook.</summary>
    /// <returns>The conversation's id.</returns>
    public string StartConversation(ConversationStart start)
    {
        var webhook = start.WebhookId is { } id
            ? FindWebhook(id)
            : Webhooks is [var first, ..] ? first : throw new SimulatorStateException("Register a webhook first.");
        var channel = Channels.FirstOrDefault(one => one.WebhookId == webhook.Id && one.Type == start.Channel)
            ?? AddChannel(start.Channel, start.Channel, webhook.Id, Options.Queues.FirstOrDefault()?.Id ?? "");
        var conversation = NewConversation(channel, start.User);
        Change(conversation, it =>
        {
            it.Assignment = new Assignment("script", Options.ScriptId);
            EmitUpdate(it);
            Activate(it);
            if (start.Text is not null) AddMessage(it, "user", it.UserId, start.Text);
        });
        return conversation.Id;
    }

    /// <summary>The customer writes. An idle conversation becomes active again.</summary>
    public void CustomerSays(string conversationId, string text) => Change(conversationId, it =>
    {
        it.Typing.Remove("user");
        CustomerActed(it);
        AddMessage(it, "user", it.UserId, text);
    });

    /// <summary>The customer sends a file.</summary>
    public void CustomerSendsFile(string conversationId, string filename, byte[] content, string? text = null) =>
        Change(conversationId, it =>
        {
            CustomerActed(it);
            var attachment = AddAttachment(it, filename, content);
            AddMessage(it, "user", it.UserId, text, attachments: [attachment.Id]);
        });

    /// <summary>The customer clicks a quick reply.</summary>
    public void CustomerClicks(string conversationId, string title, string payload) => Change(conversationId, it =>
    {
        CustomerActed(it);
        var message = AddSilently(it, "user", it.UserId, title);
        EmitActivity(it, "quickReply/action", new { type = "postback", data = new { title, payload } });
        if (Options.ClickAlsoWrites) EmitMessage(it, message, stamp: null);
    });

    /// <summary>The customer submits an Adaptive Card.</summary>
    /// <param name="data">Action data and inputs, merged.</param>
    /// <param name="cardId">The card, to mark it as submitted.</param>
    public void CustomerSubmits(
        string conversationId, JsonElement data, string? cardId = null, string type = "Action.Submit") =>
        Change(conversationId, it =>
        {
            CustomerActed(it);
            if (cardId is not null) MarkCard(it, cardId, card => card with { ActionSubmitted = true });
            EmitActivity(it, "adaptiveCard/action", new { type, data });
        });

    /// <summary>Any other activity, such as <c>interactive/reply</c> of a WhatsApp list.</summary>
    public void CustomerActs(string conversationId, string name, JsonElement value) => Change(conversationId, it =>
    {
        CustomerActed(it);
        EmitActivity(it, name, value);
    });

    /// <summary>The customer answers a card of their channel, such as a WhatsApp list.</summary>
    public void CustomerReplies(string conversationId, ChannelReply reply) => Change(conversationId, it =>
    {
        CustomerActed(it);
        AddSilently(it, "user", it.UserId, reply.Shown);
        EmitActivity(it, ChannelReply.Activity, reply.Value);
    });

    /// <summary>The customer starts or stops typing.</summary>
    public void CustomerTypes(string conversationId, bool typing = true) =>
        Change(conversationId, it => Types(it, "user", it.UserId, typing));

    /// <summary>The customer has read everything up to now.</summary>
    public void CustomerReads(string conversationId) => Change(conversationId, it => Reads(
        it, "user", it.UserId, Options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds()));

    /// <summary>The customer leaves: the conversation becomes idle.</summary>
    public void CustomerLeaves(string conversationId) => Change(conversationId, it =>
    {
        if (it.State == "idle") return;
        it.Leave("user");
        EmitMember(it, "user", "left", it.UserId);
        GoIdle(it);
    });

    /// <summary>The conversation becomes idle by itself: nobody leaves, nobody is told who ended it.</summary>
    public void BecomesIdle(string conversationId) => Change(conversationId, it =>
    {
        if (it.State != "idle") GoIdle(it);
    });

    /// <summary>The queue says once more that the conversation waits in it.</summary>
    public void QueuedAgain(string conversationId) => Change(conversationId, it =>
    {
        if (it.Assignment.Type != "queue" || it.State == "idle") throw new SimulatorStateException("The conversation waits in no queue.");
        EmitQueued(it);
    });

    /// <summary>An agent takes a conversation from the bot, unasked.</summary>
    public void AgentTakes(string conversationId, string agentId = "agent-1") => Change(conversationId, it =>
    {
        if (it.State != "active" || it.HasAgent)
            throw new SimulatorStateException("Only an active conversation that no agent has can be taken.");
        Serve(it, agentId);
    });

    /// <summary>An agent takes a conversation that waits in a queue.</summary>
    public void AgentAccepts(string conversationId, string agentId = "agent-1") => Change(conversationId, it =>
    {
        if (it.Assignment.Type != "queue" || it.State == "idle")
            throw new SimulatorStateException("Only a conversation that waits in a queue can be accepted.");
        Serve(it, agentId);
    });

    /// <summary>The agent writes.</summary>
    public void AgentSays(string conversationId, string text) => Change(conversationId, it =>
    {
        var agentId = AgentOf(it);
        it.Typing.Remove("agent");
        AddMessage(it, "agent", agentId, text);
    });

    /// <summary>The agent starts or stops typing.</summary>
    public void AgentTypes(string conversationId, bool typing = true) =>
        Change(conversationId, it => Types(it, "agent", AgentOf(it), typing));

    /// <summary>The agent passes the conversation on to another queue.</summary>
    public void AgentTransfers(string conversationId, string queueId)
    {
        if (!KnowsQueue(queueId)) throw new KeyNotFoundException($"There is no queue {queueId}.");
        Change(conversationId, it =>
        {
            var agentId = AgentOf(it);
            it.Leave(agentId);
            it.Typing.Remove("agent");
            if (Options.TransferBeforeLeft) Emit(it, "TRANSFER", null);
            EmitMember(it, "agent", "left", agentId);
            if (!Options.TransferBeforeLeft) Emit(it, "TRANSFER", null);
            EnterQueue(it, queueId);
        });
    }

    /// <summary>
    /// The agent finishes: the conversation becomes idle, or goes to the webhook of its post-agent assignment.
    /// </summary>
    public void AgentLeaves(string conversationId) => Change(conversationId, it =>
    {
        var agentId = AgentOf(it);
        it.Leave(agentId);
        it.Typing.Remove("agent");
        if (it.AfterAgent is { } afterAgent)
        {
            it.AfterAgent = null;
            it.WebhookId = afterAgent.WebhookId;
            it.PostAgent = new PostAgentPhase(afterAgent, Options.TimeProvider, phase => EndAfterAgent(it, phase));
            it.Assignment = new Assignment("script", Options.ScriptId);
            EmitMember(it, "agent", "left", agentId);
            EmitUpdate(it);
        }
        else
        {
            EmitMember(it, "agent", "left", agentId);
            GoIdle(it);
        }
    });

    /// <summary>A conversation made by REST: the far channel belongs to the client.</summary>
    internal Conversation CreateByClient(
        GatewayChannel channel,
        IReadOnlyDictionary<string, JsonElement> user,
        Assignment assignment,
        IEnumerable<Func<DateTimeOffset, Message>> history)
    {
        var conversation = NewConversation(channel, user);
        Change(conversation, it =>
        {
            it.Assignment = assignment;
            foreach (var make in history)
                it.Messages.Add(make(DateTimeOffset.FromUnixTimeMilliseconds(it.Stamp(Options.TimeProvider))));
            EmitUpdate(it);
            Activate(it, announce: assignment.Type != "queue");
            if (assignment.Type == "queue") EnterQueue(it, assignment.Id);
        });
        return conversation;
    }

    internal void Update(
        Conversation conversation,
        string? channelId,
        Assignment? assignment,
        IReadOnlyDictionary<string, JsonElement>? user,
        bool replaceUser,
        TimeSpan delay = default)
    {
        if (delay > TimeSpan.Zero) _ = LaterAsync(delay, () => Update(conversation, channelId, assignment, user, replaceUser));
        else Change(conversation, it => Update(it, channelId, assignment, user, replaceUser));
    }

    private void Update(
        Conversation it, string? channelId, Assignment? assignment, IReadOnlyDictionary<string, JsonElement>? user, bool replaceUser)
    {
        if (channelId is not null) it.ChannelId = channelId;
        if (user is not null)
        {
            if (replaceUser) it.User = [];
            foreach (var (name, value) in user) it.User[name] = value;
        }

        if (assignment is null || assignment == it.Assignment)
        {
            EmitUpdate(it);
            return;
        }

        if (it.State == "idle") Begin(it);
        LeavePostAgent(it);
        if (it.HasAgent)
        {
            it.Leave(it.Assignment.Id);
            EmitMember(it, "agent", "left", it.Assignment.Id);
        }

        if (assignment.Type == "queue")
        {
            EnterQueue(it, assignment.Id);
            return;
        }

        it.Assignment = assignment;
        EmitUpdate(it);
    }

    /// <summary>A message by REST: listed and echoed now, or after <paramref name="visibilityDelay"/>.</summary>
    internal void Accept(
        Conversation conversation, Func<DateTimeOffset, Message> make, TimeSpan visibilityDelay) => Change(conversation, it =>
    {
        var stamp = it.Stamp(Options.TimeProvider);
        var createdAt = DateTimeOffset.FromUnixTimeMilliseconds(stamp);
        var message = make(createdAt) with { VisibleAt = createdAt + visibilityDelay };
        it.Messages.Add(message);
        it.Typing.Remove(message.Author);
        if (message.Author == "bot")
        {
            it.Typing.Remove("thinking");
            it.Join("bot", "bot");
            it.PostAgent?.BotSpoke();
        }

        if (visibilityDelay <= TimeSpan.Zero) EmitMessage(it, message, stamp);
        else _ = LaterAsync(visibilityDelay, () => Change(it, later => EmitMessage(later, message, stamp: null)));
    });

    internal void RemoveUser(Conversation conversation) => CustomerLeaves(conversation.Id);

    /// <param name="what"><c>user</c> or <c>bot</c>, who types, or <c>thinking</c>.</param>
    internal void Indicate(Conversation conversation, string what) => Change(conversation, it =>
    {
        if (what == "user") Types(it, "user", it.UserId, typing: true);
        else it.Typing.Add(what);
    });

    internal void Read(Conversation conversation, string authorType, long readAt) =>
        Change(conversation, it => Reads(it, authorType, authorType == "user" ? it.UserId : "bot", readAt));

    internal bool AssignAfterAgent(Conversation conversation, AfterAgent assignment)
    {
        var taken = false;
        Change(conversation, it =>
        {
            taken = it.AfterAgent is null;
            if (taken) it.AfterAgent = assignment;
        });
        return taken;
    }

    internal Attachment Upload(Conversation conversation, string filename, byte[] content)
    {
        lock (conversation.Gate) return AddAttachment(conversation, filename, content);
    }

    internal bool ActOnCard(Conversation conversation, string cardId, bool executed)
    {
        var found = false;
        Change(conversation, it =>
        {
            found = MarkCard(it, cardId, card => executed
                ? card with { ActionExecuted = true }
                : card with { ActionSubmitted = true });
            if (found)
            {
                EmitActivity(it, "adaptiveCard/action", new
                {
                    type = executed ? "Action.Execute" : "Action.Submit",
                    data = new { },
                });
            }
        });
        return found;
    }

    private Conversation NewConversation(GatewayChannel channel, IReadOnlyDictionary<string, JsonElement> user)
    {
        var conversation = new Conversation
        {
            Id = WebhookDelivery.NewId(),
            ChannelId = channel.Id,
            ChannelType = channel.Type,
            WebhookId = channel.WebhookId,
            QueueId = channel.QueueId,
            User = new Dictionary<string, JsonElement>(user),
            Order = Interlocked.Increment(ref _lastId),
        };
        conversation.Join("user", "user");
        return _conversations[conversation.Id] = conversation;
    }

    private void Begin(Conversation conversation)
    {
        conversation.State = "active";
        conversation.Join("user", "user");
        conversation.Interactions.Add(new Interaction(
            $"int-{WebhookDelivery.NewId()}-chat-00-{Options.TenantId}", Options.TimeProvider.GetUtcNow(), null));
    }

    private void Activate(Conversation conversation, bool announce = true)
    {
        Begin(conversation);
        if (announce) EmitUpdate(conversation);
    }

    private void CustomerActed(Conversation conversation)
    {
        conversation.PostAgent?.CustomerSpoke();
        if (conversation.State != "idle") return;
        conversation.Assignment = new Assignment("script", Options.ScriptId);
        Activate(conversation);
    }

    private void GoIdle(Conversation conversation)
    {
        conversation.State = "idle";
        conversation.Typing.Clear();
        conversation.AfterAgent = null;
        var now = Options.TimeProvider.GetUtcNow();
        if (conversation.Interactions.Count > 0) conversation.Interactions[^1] = conversation.Interactions[^1] with { EndTime = now };
        if (conversation.HasAgent) conversation.Leave(conversation.Assignment.Id);
        EmitUpdate(conversation);
        LeavePostAgent(conversation);
    }

    /// <summary>From now on the channel's webhook gets the events again.</summary>
    private void LeavePostAgent(Conversation conversation)
    {
        if (conversation.PostAgent is null) return;
        conversation.PostAgent.Dispose();
        conversation.PostAgent = null;
        conversation.WebhookId = ChannelOrNull(conversation.ChannelId)?.WebhookId ?? conversation.WebhookId;
    }

    private void EndAfterAgent(Conversation conversation, PostAgentPhase phase) => Change(conversation, it =>
    {
        if (it.PostAgent == phase) GoIdle(it);
    });

    private void Serve(Conversation conversation, string agentId)
    {
        LeavePostAgent(conversation);
        conversation.Assignment = new Assignment("agent", agentId);
        conversation.Join(agentId, "agent");
        EmitUpdate(conversation);
        EmitMember(conversation, "agent", "joined", agentId);
    }

    private void EnterQueue(Conversation conversation, string queueId)
    {
        conversation.QueueId = queueId;
        conversation.Assignment = new Assignment("queue", queueId);
        EmitUpdate(conversation);
        EmitQueued(conversation);
    }

    private void EmitQueued(Conversation conversation) => Emit(conversation, "QUEUED", new
    {
        conversation.QueueId,
        QueueName = Options.Queues.FirstOrDefault(queue => queue.Id == conversation.QueueId)?.Name,
    });

    private Message AddSilently(
        Conversation conversation, string author, string authorId, string? text, IReadOnlyList<string>? attachments = null)
    {
        var createdAt = DateTimeOffset.FromUnixTimeMilliseconds(conversation.Stamp(Options.TimeProvider));
        var message = new Message($"msg-{WebhookDelivery.NewId()}", author, authorId, text, createdAt, createdAt)
        {
            Attachments = attachments ?? [],
        };
        conversation.Messages.Add(message);
        return message;
    }

    private void AddMessage(
        Conversation conversation, string author, string authorId, string? text, IReadOnlyList<string>? attachments = null)
    {
        var message = AddSilently(conversation, author, authorId, text, attachments);
        EmitMessage(conversation, message, message.CreatedAt.ToUnixTimeMilliseconds());
    }

    private void EmitMessage(Conversation conversation, Message message, long? stamp)
    {
        var attachments = message.Attachments
            .Select(id => conversation.Attachments.FirstOrDefault(attachment => attachment.Id == id))
            .OfType<Attachment>()
            .Select(attachment => new
            {
                attachment.Id,
                Type = FileRoutes.KindOf(attachment.Filename),
                PreSignedUrl = Options.PreSignedUrls && PublicUrl is { } url
                    ? FileRoutes.PreSignedUrl(url, conversation.Id, attachment, Options.TimeProvider.GetUtcNow() + Options.PreSignedUrlLifetime)
                    : null,
                FileName = attachment.Filename,
            })
            .ToList();
        Emit(conversation, "MESSAGE", new
        {
            isEcho = message.Author == "bot",
            sender = new { id = message.AuthorId, type = message.Author },
            text = message.Text,
            attachments = attachments.Count > 0 ? attachments : null,
            cards = message.Cards.Count > 0 ? message.Cards.Select(card => new { card.ContentType, card.Content }) : null,
        }, stamp);
    }

    private async Task LaterAsync(TimeSpan delay, Action action)
    {
        try
        {
            await Task.Delay(delay, Options.TimeProvider, Stopping);
            action();
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private void Types(Conversation conversation, string author, string id, bool typing)
    {
        if (typing ? !conversation.Typing.Add(author) : !conversation.Typing.Remove(author)) return;
        EmitActivity(conversation, "typing", new
        {
            users = typing ? new[] { new { type = author, id } } : [],
        });
    }

    private void Reads(Conversation conversation, string author, string id, long readAt)
    {
        conversation.ReadUpTo[author] = DateTimeOffset.FromUnixTimeMilliseconds(readAt);
        EmitActivity(conversation, "read-receipts", new[]
        {
            new { timestamp = readAt, users = new[] { new { id, type = author } } },
        });
    }

    private Attachment AddAttachment(Conversation conversation, string filename, byte[] content)
    {
        var attachment = new Attachment(
            $"{WebhookDelivery.NewId()}{WebhookDelivery.NewId()}", filename, content, Options.TimeProvider.GetUtcNow());
        conversation.Attachments.Add(attachment);
        return attachment;
    }

    private static bool MarkCard(Conversation conversation, string cardId, Func<Card, Card> mark)
    {
        var index = conversation.Messages.FindIndex(message => message.Cards.Any(card => card.Id == cardId));
        if (index < 0) return false;
        var message = conversation.Messages[index];
        conversation.Messages[index] = message with
        {
            Cards = [.. message.Cards.Select(card => card.Id == cardId ? mark(card) : card)],
        };
        return true;
    }

    private static string AgentOf(Conversation conversation) =>
        conversation.HasAgent && conversation.State == "active"
            ? conversation.Assignment.Id
            : throw new SimulatorStateException("No agent has this conversation; accept it first.");
}
