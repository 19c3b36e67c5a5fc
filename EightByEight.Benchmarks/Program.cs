Console.WriteLine("8x8 connector: measurements");
