using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

public class SampleFlowTests
{
    public static TheoryData<string> Files => [.. Directory.GetFiles(Path.Combine(Root, "flows"), "*.yaml").Select(path => Path.GetFileName(path))];

    [Theory]
    [MemberData(nameof(Files))]
    public void Each_sample_compiles_is_named_as_its_file_and_answers_a_greeting(string file)
    {
        var flow = Flow.Parse(File.ReadAllText(Path.Combine(Root, "flows", file)));
        Assert.Equal(Path.GetFileNameWithoutExtension(file), flow.Name);
        var conversation = new Conversation(flow);
        Assert.NotEmpty(conversation.Say("Hi"));
        Assert.Null(conversation.Last.Failure);
        Assert.Empty(conversation.Last.Warnings);
    }

    [Fact]
    public void Welcome_takes_an_order()
    {
        var conversation = Open("welcome", "Ann");
        Assert.Equal("Hello Ann! I am the barista of this corner. | What can I do for you?", conversation.Say("Hi"));
        Assert.Equal(["order", "find", "chat", "person"], conversation.Last.Outputs[1].QuickReplies.Select(reply => reply.Payload));
        Assert.Equal("I know four tricks only. Which one shall it be?", conversation.Say("dance"));
        Assert.Equal("Which coffee would you like?", conversation.Say("order"));
        Assert.Equal("Cappuccino, good choice. How many cups?", conversation.Say("2"));
        Assert.Equal("A number, please, such as 2.", conversation.Say("a few"));
        Assert.Equal("I carry one to twelve cups at a time. | Cappuccino, good choice. How many cups?", conversation.Say("50"));
        Assert.Equal("3 × Cappuccino, that is 7.50 €. Shall I make it?", conversation.Say("3"));
        Assert.Equal("Coming right up. Your order number is 271828. | What can I do for you?", conversation.Say("yes please"));
        Assert.Equal("What is your order number?", conversation.Say("Find my order"));
        Assert.Equal("Six digits, please. Try 271828.", conversation.Say("12"));
        Assert.Equal("Order 271828 is being brewed as we speak. | What can I do for you?", conversation.Say("271828"));
        AssertAllWell(conversation);
    }

    [Fact]
    public void Faq_answers_what_it_knows_and_asks_for_what_it_needs()
    {
        var conversation = Open("faq");
        Assert.StartsWith("I did not get that.", conversation.Say("who painted the mona lisa"));
        Assert.Equal("cIntent:return", conversation.Last.Outputs[0].QuickReplies[2].Payload);
        Assert.Equal("We are open Monday to Saturday from nine to six.", conversation.Say("whats your opning hours"));
        Assert.Equal("What is the number of your order?", conversation.Say("cIntent:return"));
        Assert.StartsWith("It begins with A-", conversation.Say("1234"));
        Assert.Equal("We have sent you a label for order A-1234.", conversation.Say("A-1234, I think"));
        Assert.Equal("We have sent you a label for order A-4321.", conversation.Say("i want to return order a-4321"));
        conversation.Say("cIntent:return");
        Assert.Equal("One moment, a colleague will be with you.", conversation.Say("human please"));
        Assert.NotNull(conversation.Last.Handover);
    }

    [Fact]
    public void Welcome_remembers_a_name()
    {
        var conversation = Open("welcome");
        Assert.StartsWith("Hello! I am", conversation.Say("Hi"));
        conversation.Say("chat");
        Assert.Equal("Nice to meet you, Bob. Write whenever you feel like coffee.", conversation.Say("Bob"));
        Assert.StartsWith("Welcome back, Bob!", conversation.Say("coffee"));
        AssertAllWell(conversation);
    }

    [Fact]
    public void Welcome_fetches_a_person()
    {
        var conversation = Open("welcome");
        conversation.Say("Hi");
        Assert.Equal("One moment, I fetch somebody.", conversation.Say("person"));
        Assert.Equal("101", conversation.Last.Handover?.QueueId);
        Assert.Equal(["Never mind"], conversation.Last.Outputs[0].QuickReplies.Select(reply => reply.Title));
    }

    [Fact]
    public void Order_status_tells_and_asks_what_else()
    {
        var conversation = Open("order-status", "Ann");
        Assert.Equal("Hi Ann! | What is your order number?", conversation.Say("Hi"));
        Assert.Equal("Six digits, please.", conversation.Say("12345"));
        Assert.Equal("Order 123456 is on its way. Anything else?", conversation.Say("123456"));
        Assert.Equal("Hi Ann! | What is your order number?", conversation.Say("yes"));
        conversation.Say("123456");
        Assert.Equal("Have a nice day!", conversation.Say("no"));
        Assert.Null(conversation.Position);
        AssertAllWell(conversation);
    }

    [Fact]
    public void Order_status_knows_the_orders_that_need_a_person()
    {
        var conversation = Open("order-status");
        Assert.Equal("Hi there! | What is your order number?", conversation.Say("Hi"));
        Assert.StartsWith("Order 923456 needs a colleague's eye.", conversation.Say("923456"));
        Assert.Equal("923456", conversation.Last.Handover?.Properties["order"]);
        AssertAllWell(conversation);
    }

    internal static string Root { get; } = FindRoot();

    internal static string PathOf(string flow) => Path.Combine(Root, "flows", flow + ".yaml");

    private static Conversation Open(string flow, string? user = null) => new(File.ReadAllText(PathOf(flow)))
    {
        User = user is null ? null : new JsonObject { ["name"] = user },
    };

    private static void AssertAllWell(Conversation conversation)
    {
        Assert.Null(conversation.Last.Failure);
        Assert.Empty(conversation.Last.Warnings);
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "EightByEight.slnx"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
